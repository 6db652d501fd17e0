#!lua flags=allow-oom
-- list-status: reads all status rows of nodes with their versions
-- KEYS     for each node: ver, status
-- ARGV     –
-- returns  {0, history, for each node: number, incarnation or nil, rows as a flat list of unit and row}
-- cost     O(rows)
--@include history
local answer, at = {0, history_id()}, 2
for i = 1, #KEYS, 2 do
  local ver = redis.call('HMGET', KEYS[i], 'n', 'incarnation')
  answer[at + 1] = tonumber(ver[1] or 0)
  answer[at + 2] = ver[2]
  answer[at + 3] = redis.call('HGETALL', KEYS[i + 1])
  at = at + 3
end
return answer
