#!lua flags=allow-oom
-- release: ends a claim; claim and seq stay, so that a late copy of the claim is never granted (I1)
-- KEYS     1 own
-- ARGV     1 claim  2 history
-- returns  {0} | {1, final seq} fenced | {2, history} | {3} lost
-- cost     O(1)
--@include history
--@include fence
local history = history_id()
local record, refusal = fence(KEYS[1], ARGV[1], ARGV[2], history)
if record then
  redis.call('HSET', KEYS[1], 'released', '1')
  return {0}
end
local now = redis.call('HMGET', KEYS[1], 'claim', 'released')
if refusal[1] == 1 and now[1] == ARGV[1] and now[2] == '1' then return {0} end
return refusal
