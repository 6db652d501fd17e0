-- Dead letters: records in a hash, their order in a zset.
local function next_dead_score(order, count)
  if count == 0 then return 0 end
  local top = redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')
  return tonumber(top[2] or 0) + 1
end
local function add_dead(dead, order, score, at)
  for i = 0, tonumber(ARGV[at]) - 1 do
    local id = ARGV[at + 1 + 2 * i]
    redis.call('HSET', dead, id, ARGV[at + 2 + 2 * i])
    redis.call('ZADD', order, 'NX', score + i, id)
  end
end
