-- Adds one entry to a mailbox, and tells its owner of it: with the payloads up to 64 KiB.
local function add_mail(mail, payloads)
  local fields = {}
  for i, payload in ipairs(payloads) do
    fields[2 * i - 1] = 'p'
    fields[2 * i] = payload
  end
  return redis.call('XADD', mail, '*', unpack(fields))
end
local function wake(channel, id, previous, payloads)
  local size = 0
  for _, payload in ipairs(payloads) do size = size + #payload end
  local published = size <= 65536 and #payloads or 0
  local message = {id, '\n', previous, '\n', published, '\n'}
  if published > 0 then
    for _, payload in ipairs(payloads) do
      message[#message + 1] = struct.pack('>I4', #payload)
      message[#message + 1] = payload
    end
  end
  publish(channel, table.concat(message))
end
