#!lua flags=allow-oom
-- versions: reads the versions of list rows alone
-- KEYS     ver of each shard
-- ARGV     kinds
-- returns  {0, history, for each shard the number of each kind}
-- cost     O(shards * kinds)
--@include history
local answer = {0, history_id()}
for _, ver in ipairs(KEYS) do
  for _, n in ipairs(redis.call('HMGET', ver, unpack(ARGV))) do
    answer[#answer + 1] = tonumber(n or 0)
  end
end
return answer
