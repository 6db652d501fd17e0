#!lua flags=allow-oom
-- check: tells which claims still stand
-- KEYS     own of each shard
-- ARGV     for each shard: claim, history
-- returns  {0, for each shard {0} | {1, final seq} | {2, history} | {3}}
-- cost     O(shards)
--@include history
--@include fence
local history = history_id()
local answer = {0}
for i, own in ipairs(KEYS) do
  local _, refusal = fence(own, ARGV[2 * i - 1], ARGV[2 * i], history)
  answer[i + 1] = refusal or {0}
end
return answer
