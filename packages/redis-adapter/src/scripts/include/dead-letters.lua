-- Dead letters: heads and bodies in hashes; open and resolved ones in zsets, ordered by position.
--@include hold
-- Reads where they stand among the arguments, and answers what is behind them.
local function read_letters(at)
  local puts, resolves = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  if puts + resolves == 0 then return nil, at + 3 end
  local letters = {puts = puts, resolves = resolves, keep = tonumber(ARGV[at + 2]), at = at + 7}
  local types = {'hash', 'hash', 'zset', 'zset'}
  for i, name in ipairs({'dead', 'bodies', 'open', 'resolved'}) do
    letters[name] = KEYS[tonumber(ARGV[at + 2 + i])]
    local kind = redis.call('TYPE', letters[name]).ok
    if kind ~= 'none' and kind ~= types[i] then letters.refused = letters[name] .. ' is a ' .. kind end
  end
  return letters, at + 7 + 4 * puts + 2 * resolves
end
local function newest_position(order)
  return tonumber(redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')[2] or 0)
end
local function write_letters(letters)
  local at = letters.at
  local position = math.max(newest_position(letters.open), newest_position(letters.resolved))
  for _ = 1, letters.puts do
    local id = ARGV[at]
    if not redis.call('HGET', letters.dead, id) then
      position = math.max(position + 1, tonumber(ARGV[at + 1]) * 1000)
      redis.call('HSET', letters.dead, id, ARGV[at + 2])
      redis.call('HSET', letters.bodies, id, ARGV[at + 3])
      redis.call('ZADD', letters.open, string.format('%.0f', position), id)
    end
    at = at + 4
  end
  for _ = 1, letters.resolves do
    local id = ARGV[at]
    if redis.call('HGET', letters.dead, id) then
      redis.call('HSET', letters.dead, id, ARGV[at + 1])
      local score = redis.call('ZSCORE', letters.open, id)
      if score then
        redis.call('ZREM', letters.open, id)
        redis.call('ZADD', letters.resolved, score, id)
      end
    end
    at = at + 2
  end
  local over = math.min(64, size_of(letters.dead) - letters.keep)
  if over <= 0 then return end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', letters.resolved, '(0', '+inf', 'LIMIT', 0, over)) do
    redis.call('HDEL', letters.dead, id)
    redis.call('HDEL', letters.bodies, id)
    redis.call('ZREM', letters.resolved, id)
  end
end
