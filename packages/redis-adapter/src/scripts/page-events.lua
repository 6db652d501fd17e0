#!lua flags=allow-oom
-- page-events: reads events, or the audit, behind or before an id
-- KEYS     1 events or audit
-- ARGV     1 'after' or 'before'  2 id  3 most events
-- returns  {0, oldest id kept or '', newest id kept or '', for each event: id, payload}
-- cost     O(events)
local function edge(command, from, to)
  local found = redis.call(command, KEYS[1], from, to, 'COUNT', 1)[1]
  return found and found[1] or ''
end
local answer = {0, edge('XRANGE', '-', '+'), edge('XREVRANGE', '+', '-')}
if ARGV[3] == '0' then return answer end
local found = ARGV[1] == 'after'
  and redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], '+', 'COUNT', ARGV[3])
  or redis.call('XREVRANGE', KEYS[1], '(' .. ARGV[2], '-', 'COUNT', ARGV[3])
for _, event in ipairs(found) do
  answer[#answer + 1] = event[1]
  answer[#answer + 1] = event[2][2]
end
return answer
