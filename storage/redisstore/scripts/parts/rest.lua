-- keys: d h
-- uses: state
-- at_rest is whether time has brought about nothing that must happen first, and
-- none of some other keys is there. Most calls are then carried out before the
-- script has defined what they do not need.
local function at_rest(...)
  return load() and call('EXISTS', d, ...) == 0 and #call('ZRANGEBYSCORE', h, '-inf', ARGV[1], 'LIMIT', '0', '1') == 0
end
