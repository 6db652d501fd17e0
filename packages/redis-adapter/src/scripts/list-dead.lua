#!lua flags=allow-oom
-- list-dead: reads dead letters, oldest first
-- KEYS     1 dead  2 deadx
-- ARGV     1 limit, at most 4000
-- returns  {0, id, record, id, record...}
-- cost     O(limit)
local ids = redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1)
local answer = {0}
if #ids == 0 then return answer end
for i, record in ipairs(redis.call('HMGET', KEYS[1], unpack(ids))) do
  if record then
    answer[#answer + 1] = ids[i]
    answer[#answer + 1] = record
  end
end
return answer
