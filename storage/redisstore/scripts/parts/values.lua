-- Numbers and values. The operator .. writes no more than 14 digits of a number,
-- so every number that becomes text goes through str. A number that is given to a
-- command is written with 17 digits, which takes a while: constants are texts.
-- '%d' takes numbers to 64 bits, as Redis is one of 64 bits.
local call = redis.call
local now = tonumber(ARGV[1])

local STEPS = 256 -- what one script settles or drops at the most
local MOST = '256' -- the same as text
local BLOCK = 128 -- positions that share an entry of an expiry index

-- reply is what a script answers: a word, and the marks to be told the register,
-- '' for none.
local mark = ''
local function reply(word, ...) return {word, mark, ...} end

local format = string.format
local function str(n) return format('%d', n) end
local at = str -- the ID of an entry, whose second half Redis takes for 0
local function counter16(n) return string.format('%016x', n) end
local function place_of(entry) return tonumber(string.match(entry[1], '^%d+')) end

-- bulk calls a command with many arguments, in parts that fit Lua's stack. A
-- part holds whole pairs.
local function bulk(command, key, list)
  for i = 1, #list, 2000 do
    call(command, key, unpack(list, i, math.min(i + 1999, #list)))
  end
end

-- pack_places writes positions in 7 bytes each.
local function pack_places(positions)
  local parts = {}
  for i = 1, #positions, 1000 do
    local last = math.min(i + 999, #positions)
    parts[#parts + 1] = struct.pack('>' .. string.rep('I7', last - i + 1), unpack(positions, i, last))
  end
  return table.concat(parts)
end

-- expiry of a message: as it was posted, unless a claim or burial changed it.
local function expiry(packed, change)
  if change then return (struct.unpack('>I6', change)) end
  return (struct.unpack('>I6', packed, 8))
end

local function pack_change(expires, since, count)
  return struct.pack('>I6I6I4', expires, since, count)
end
