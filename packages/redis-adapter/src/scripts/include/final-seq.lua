-- Last commit number accepted under an earlier claim, -1 where it is no longer known.
-- Finals: the last 16 claims, newest first: claim, number, epoch, each on a line of its own.
local function final_seq(finals, claim)
  local _, stop = string.find(finals or '', '\n' .. claim .. '\n', 1, true)
  if not stop then return -1 end
  return tonumber(string.match(finals, '^%d+', stop + 1))
end
local function add_final(finals, claim, seq, epoch)
  local lines, count = {'', claim, seq, epoch}, 4
  for line in string.gmatch(finals, '[^\n]+') do
    if count == 49 then break end
    count = count + 1
    lines[count] = line
  end
  return table.concat(lines, '\n') .. '\n'
end
