#!lua flags=allow-oom
-- status-versions: reads the versions of nodes' status rows alone
-- KEYS     ver of each node
-- ARGV     –
-- returns  {0, history, number of each node}
-- cost     O(nodes)
--@include history
local answer = {0, history_id()}
for i, ver in ipairs(KEYS) do
  answer[i + 2] = tonumber(redis.call('HGET', ver, 'n') or 0)
end
return answer
