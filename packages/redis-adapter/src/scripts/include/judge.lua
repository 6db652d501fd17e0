-- Marks a node as gone. KEYS of the heartbeat: 2 nodes, 4 alive
local function judge(name, state)
  local record = redis.call('HGET', KEYS[2], name)
  redis.call('HDEL', KEYS[4], name)
  if not record then return end
  local node = parse_node(record)
  if node.state ~= 'suspect' then node.flaps = node.flaps + 1 end
  node.state = state
  redis.call('HSET', KEYS[2], name, format_node(node))
end
