#!lua flags=allow-oom
-- preflight: tries every command the other scripts use, to name what the user's ACL refuses
-- KEYS     1 a key that is used for nothing else
-- ARGV     1 a channel of the same cluster
-- returns  {0, command, error, command, error...} with the refused ones
-- cost     O(1)
-- The key ends as it began, absent: what does not fit its type fails without effect, and is allowed.
local key, channel = KEYS[1], ARGV[1]
local calls = {
  {'HSET', key, 'f', '1'}, {'HGET', key, 'f'}, {'HMGET', key, 'f'}, {'HLEN', key}, {'HGETALL', key},
  {'HKEYS', key}, {'TYPE', key}, {'EXISTS', key}, {'GET', key},
  {'ZADD', key, 1, 'm'}, {'ZREM', key, 'm'}, {'ZSCORE', key, 'm'}, {'ZMSCORE', key, 'm'},
  {'ZCARD', key}, {'ZRANGE', key, 0, 0}, {'ZRANGEBYSCORE', key, 0, 0}, {'XADD', key, '*', 'f', '1'},
  {'XRANGE', key, '-', '+'}, {'XREVRANGE', key, '+', '-'}, {'XDEL', key, '1-1'}, {'XLEN', key},
  {'XTRIM', key, 'MINID', '=', '1-1'},
  {'PUBLISH', channel, ''}, {'PUBSUB', 'NUMSUB', channel}, {'INFO', 'replication'}, {'TIME'},
  {'HDEL', key, 'f'}, {'SET', key, '1'}, {'DEL', key},
}
local function is_refusal(err)
  for _, words in ipairs({'NOPERM', 'ACL failure', 'user executing the script'}) do
    if string.find(err, words, 1, true) then return true end
  end
  return false
end
local answer = {0}
for _, call in ipairs(calls) do
  local reply = redis.pcall(unpack(call))
  if type(reply) == 'table' and reply.err and is_refusal(reply.err) then
    answer[#answer + 1] = call[1]
    answer[#answer + 1] = reply.err
  end
end
return answer
