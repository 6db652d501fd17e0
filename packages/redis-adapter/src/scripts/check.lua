#!lua flags=allow-oom
-- check: tells which claims still stand; may leave a membership version, so that claims made by an
--        older list of nodes are refused (I1)
-- KEYS     own of each shard
-- ARGV     1 membership version, or ''  then for each shard: claim, history
-- returns  {0, for each shard {0} | {1, final seq} | {2, history} | {3}}
-- cost     O(shards)
--@include history
--@include fence
local history = history_id()
local seen = tonumber(ARGV[1])
local answer = {0}
for i, own in ipairs(KEYS) do
  local record, refusal = fence(own, ARGV[2 * i], ARGV[2 * i + 1], history)
  if record and seen and tonumber(redis.call('HGET', own, 'version')) < seen then
    redis.call('HSET', own, 'version', ARGV[1])
  end
  answer[i + 1] = refusal or {0}
end
return answer
