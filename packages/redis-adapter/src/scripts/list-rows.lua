#!lua flags=allow-oom
-- list-rows: reads all list rows of one kind with their versions
-- KEYS     for each shard: ver, view
-- ARGV     1 kind
-- returns  {0, history, for each shard: number, rows as a flat list of id and row}
-- cost     O(rows)
--@include history
--@include hold
local answer = {0, history_id()}
for i = 1, #KEYS, 2 do
  answer[#answer + 1] = tonumber(redis.call('HGET', KEYS[i], ARGV[1]) or 0)
  local rows = redis.call('HGETALL', KEYS[i + 1])
  if #rows == 0 then hold(KEYS[i + 1], 'h') end
  answer[#answer + 1] = rows
end
return answer
