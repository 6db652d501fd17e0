#!lua flags=allow-oom
-- list-dead: reads dead letters, oldest first: a page of heads, or letters by their ids
-- KEYS     1 dead  2 deadb  3 deado  4 deadr
-- ARGV     1 'page'  2 position after which to read  3 limit, at most 2000  4 '1' for open ones only
--          or 1 'ids'  2.. ids, at most 4000
-- returns  {0, for each: id, position, 1 when it is open, head, and by id: body}
-- cost     O(limit or ids)
local answer = {0}
local function add(id, position, open, body)
  local head = id ~= '' and redis.call('HGET', KEYS[1], id)
  if not head then return end
  for _, value in ipairs({id, position, open, head, body}) do answer[#answer + 1] = value end
end
if ARGV[1] == 'ids' then
  for i = 2, #ARGV do
    local position = redis.call('ZSCORE', KEYS[3], ARGV[i])
    local body = redis.call('HGET', KEYS[2], ARGV[i])
    add(ARGV[i], position or redis.call('ZSCORE', KEYS[4], ARGV[i]), position and 1 or 0, body or '')
  end
  return answer
end
-- The nameless entry at 0 only holds the key's place.
local after = tonumber(ARGV[2]) < 0 and '0' or ARGV[2]
local function page(order)
  return redis.call('ZRANGEBYSCORE', order, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
end
local open, resolved = page(KEYS[3]), ARGV[4] == '1' and {} or page(KEYS[4])
local o, r = 1, 1
for _ = 1, tonumber(ARGV[3]) do
  if open[o] and (not resolved[r] or tonumber(open[o + 1]) < tonumber(resolved[r + 1])) then
    add(open[o], open[o + 1], 1)
    o = o + 2
  elseif resolved[r] then
    add(resolved[r], resolved[r + 1], 0)
    r = r + 2
  else break end
end
return answer
