-- Partly handled entries that lie before `keep_from`: handled by now, their records can go.
local function trimmed_parts(part, keep_from)
  local trimmed = {}
  if keep_from == '' then return trimmed end
  local ms, n = string.match(keep_from, '^(%d+)-(%d+)$')
  ms, n = tonumber(ms), tonumber(n)
  for _, id in ipairs(redis.call('HKEYS', part)) do
    local id_ms, id_n = string.match(id, '^(%d+)-(%d+)$')
    id_ms, id_n = tonumber(id_ms or ms), tonumber(id_n or n)
    if #trimmed < 4000 and (id_ms < ms or (id_ms == ms and id_n < n)) then
      trimmed[#trimmed + 1] = id
    end
  end
  return trimmed
end
