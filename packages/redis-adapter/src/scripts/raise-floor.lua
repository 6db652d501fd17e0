#!lua flags=allow-oom
-- raise-floor: forgets the producers whose nodes joined below a number; none of them registers again (I3)
-- KEYS     1 own  2 prod
-- ARGV     1 floor
-- returns  {0}
-- cost     O(producers)
--@include chunks
local floor = tonumber(redis.call('HGET', KEYS[1], 'floor') or 'inf')
if tonumber(ARGV[1]) <= floor then return {0} end
local gone = {}
for _, producer in ipairs(redis.call('HKEYS', KEYS[2])) do
  local join = tonumber(string.match(producer, '^(%d+)%.'))
  if join and join < tonumber(ARGV[1]) then gone[#gone + 1] = producer end
end
redis.call('HSET', KEYS[1], 'floor', ARGV[1])
in_chunks('HDEL', KEYS[2], gone)
return {0}
