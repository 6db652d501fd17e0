-- A node's record: state|cordoned|join|lease ms|started at|ephemeral|void|flaps|created|incarnation
-- void: the incarnation is gone for good; flaps: how often it was judged gone; created: its join made the data
local node_fields = {'state', 'cordoned', 'join', 'lease', 'started', 'ephemeral', 'void', 'flaps',
  'created', 'incarnation'}
local function parse_node(record)
  local node = {}
  node.state, node.cordoned, node.join, node.lease, node.started, node.ephemeral, node.void,
    node.flaps, node.created, node.incarnation =
    string.match(record, '^(%a+)|(%d)|(%d+)|(%d+)|(%d+)|(%d)|(%d)|(%d+)|(%d)|(.*)$')
  return node
end
local function format_node(node)
  local values = {}
  for i, field in ipairs(node_fields) do values[i] = node[field] end
  return table.concat(values, '|')
end
