-- Placeholders: a slot on its way to another server refuses a script whose keys are not all there, and
-- breaks one off at a key that has gone meanwhile. So keys never come and go with what they hold: each
-- hash and zset has a nameless entry, which no reader takes for one, and streams stay by themselves.
-- kinds: h hash, z zset with the nameless entry first, Z with it last, x stream
local function hold(key, kind)
  if kind == 'h' then redis.pcall('HSET', key, '', '')
  elseif kind == 'z' then redis.pcall('ZADD', key, 'NX', 0, '')
  elseif kind == 'Z' then redis.pcall('ZADD', key, 'NX', '+inf', '')
  elseif redis.call('TYPE', key).ok == 'none' then
    redis.call('XADD', key, '0-1', 'p', '')
    redis.call('XDEL', key, '0-1')
  end
end
local function hold_all(first, kinds)
  for i = 1, #kinds do hold(KEYS[first + i - 1], string.sub(kinds, i, i)) end
end
local function size_of(hash)
  return redis.call('HLEN', hash) - (redis.call('HGET', hash, '') and 1 or 0)
end
local function clear(hash)
  for _, field in ipairs(redis.call('HKEYS', hash)) do
    if field ~= '' then redis.call('HDEL', hash, field) end
  end
end
