#!lua flags=allow-oom
-- read: reads mailbox entries of several shards
-- KEYS     for each shard: own, mail
-- ARGV     1 limit of entries per shard  2 limit of bytes per shard (at least one entry is read)
--          then for each shard: claim, history, entry after which to read
-- returns  {0, for each shard {0, more, entry...} with an entry as {id, {'p', payload...}}
--          | {1, final seq} | {2, history} | {3}}
-- cost     O(shards + entries)
--@include history
--@include fence
local limit, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local history = history_id()

local function entries(mail, after)
  local answer, count, bytes = {0, 0}, 0, 0
  while true do
    local step = math.min(limit + 1 - count, 32)
    local found = redis.call('XRANGE', mail, '(' .. after, '+', 'COUNT', step)
    for _, entry in ipairs(found) do
      if count == limit or bytes >= max_bytes then
        answer[2] = 1
        return answer
      end
      count = count + 1
      answer[count + 2] = entry
      after = entry[1]
      for _, field in ipairs(entry[2]) do bytes = bytes + #field end
    end
    if #found < step then return answer end
  end
end

local answer = {0}
for i = 1, #KEYS, 2 do
  local shard = (i + 1) / 2
  local at = 3 * shard
  local record, refusal = fence(KEYS[i], ARGV[at], ARGV[at + 1], history)
  answer[shard + 1] = refusal or entries(KEYS[i + 1], ARGV[at + 2])
end
return answer
