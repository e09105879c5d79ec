-- Numbers and values. The operator .. writes no more than 14 digits of a number,
-- so every number that becomes text goes through str.
local call = redis.call
local now = tonumber(ARGV[1])

local STEPS = 256 -- what one script settles or drops at the most
local BLOCK = 128 -- positions that share an entry of an expiry index

-- reply is what a script answers: a word, and the marks to be told the register,
-- '' for none.
local mark = ''
local function reply(word, ...) return {word, mark, ...} end

local function str(n) return string.format('%.0f', n) end
local function at(p) return str(p) .. '-0' end
local function counter16(n) return string.format('%016x', n) end
local function place_of(entry) return tonumber(string.match(entry[1], '^%d+')) end

-- bulk calls a command with many arguments, in parts that fit Lua's stack. A
-- part holds whole pairs.
local function bulk(command, key, list)
  for i = 1, #list, 2000 do
    call(command, key, unpack(list, i, math.min(i + 1999, #list)))
  end
end

-- expiry of a message: as it was posted, unless a claim or burial changed it.
local function expiry(packed, change)
  if change then return (struct.unpack('>I6', change)) end
  return (struct.unpack('>I6', packed, 8))
end

local function pack_change(expires, since, count)
  return struct.pack('>I6I6I4', expires, since, count)
end
