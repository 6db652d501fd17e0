--@include judge
-- Lets every node begin its lease anew. KEYS of the heartbeat: 3 beats
local function rebase_leases(deadline)
  local pairs_of = {}
  for _, name in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    if name ~= '' then
      pairs_of[#pairs_of + 1] = string.format('%.0f', deadline)
      pairs_of[#pairs_of + 1] = name
    end
  end
  in_chunks('ZADD', KEYS[3], pairs_of)
end
-- Nodes whose lease has ended are lost. KEYS: 2 nodes, 3 beats, 4 alive, 8 gone
local function judge_by_lease(self, now)
  local changed = false
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%.0f', now))) do
    if name ~= self then
      judge(name, 'lost')
      redis.call('ZREM', KEYS[3], name)
      redis.call('ZADD', KEYS[8], string.format('%.0f', now), name)
      changed = true
    end
  end
  return changed
end
-- Of nodes long gone the incarnation is void, so that its producers may be forgotten; their records
-- are forgotten by reap.lua. Who beats is here. KEYS: 2 nodes, 8 gone
local function void_gone(self, before)
  local changed = false
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[8], '-inf', string.format('%.0f', before),
    'LIMIT', 0, 16)) do
    if name ~= self then
      local record = redis.call('HGET', KEYS[2], name)
      local node = record and parse_node(record)
      if node then
        node.void = '1'
        redis.call('HSET', KEYS[2], name, format_node(node))
      end
      redis.call('ZREM', KEYS[8], name)
      changed = true
    end
  end
  return changed
end
