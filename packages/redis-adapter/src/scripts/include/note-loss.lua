-- The finding of one subject: opened, or widened while it stands. Fields: id, n (changes), foundAt, by,
-- until, from and to (epoch and commit number), former and present (datasets), b:<sender> (first and
-- last batch), ackBy, ackReason, ackAt. `holder` is the record beside it, whose field `loss` changes with it.
local function read_position(text)
  local epoch, seq = string.match(text or '', '^(%d+) (%d+)$')
  return epoch and {tonumber(epoch), tonumber(seq)}
end
local function write_position(at) return string.format('%.0f %.0f', at[1], at[2]) end
local function is_behind(a, b)
  if a[1] == b[1] then return a[2] < b[2] end
  return a[1] < b[1]
end
local function read_loss(loss, now)
  local flat, finding, senders = redis.call('HGETALL', loss), {}, 0
  for i = 1, #flat, 2 do
    finding[flat[i]] = flat[i + 1]
    if string.sub(flat[i], 1, 2) == 'b:' then senders = senders + 1 end
  end
  if not finding.id or tonumber(finding['until']) <= now then return {}, 0 end
  return finding, senders
end
-- found: id, node, keep ms, most senders. missing: from, to, former, present, batches {sender, from, to}
local function note_loss(loss, holder, now, found, missing)
  local finding, senders = read_loss(loss, now)
  local from, to = read_position(finding.from), read_position(finding.to)
  local covered = not missing.from or
    (from and not is_behind(missing.from, from) and not is_behind(to, missing.to))
  if missing.former and missing.former ~= finding.former then covered = false end
  for _, batch in ipairs(missing.batches) do
    local last = string.match(finding['b:' .. batch[1]] or '', '(%d+)$')
    if last and tonumber(last) < batch[3] or not last and senders < found.most then covered = false end
  end
  if finding.id and covered then return end

  local set = {}
  local function put(field, value)
    set[#set + 1] = field
    set[#set + 1] = value
  end
  if not finding.id or finding.ackAt then
    clear(loss)
    finding, senders, from, to = {id = found.id, n = '0'}, 0, nil, nil
    put('id', found.id)
    put('by', found.node)
    put('foundAt', string.format('%.0f', now))
  end
  if missing.from then
    put('from', write_position(from and is_behind(from, missing.from) and from or missing.from))
    put('to', write_position(to and is_behind(missing.to, to) and to or missing.to))
  end
  if missing.former then
    put('former', missing.former)
    put('present', missing.present)
  end
  for _, batch in ipairs(missing.batches) do
    local field, first, last = 'b:' .. batch[1], batch[2], batch[3]
    local a, b = string.match(finding[field] or '', '^(%d+) (%d+)$')
    if a then put(field, math.min(first, a) .. ' ' .. math.max(last, b))
    elseif senders < found.most then
      senders = senders + 1
      put(field, first .. ' ' .. last)
    end
  end
  local changes = tonumber(finding.n) + 1
  put('n', changes)
  put('until', string.format('%.0f', now + found.keep))
  redis.call('HSET', loss, unpack(set))
  redis.call('HSET', holder, 'loss', finding.id .. '.' .. changes)
end
