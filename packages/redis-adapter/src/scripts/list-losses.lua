#!lua flags=allow-oom
-- list-losses: reads findings of lost data that have not ended
-- KEYS     loss of each subject
-- ARGV     1 time, or ''
-- returns  {0, for each subject its fields as a flat list of name and value, empty without a finding}
-- cost     O(subjects)
--@include now
local now = now_ms(ARGV[1])
local answer = {0}
for i, loss in ipairs(KEYS) do
  local ends = redis.call('HGET', loss, 'until')
  answer[i + 1] = ends and tonumber(ends) > now and redis.call('HGETALL', loss) or {}
end
return answer
