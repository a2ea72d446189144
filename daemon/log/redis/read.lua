-- Reads one page of commits.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch  2 position, exclusive  3 most commits  4 most bytes of text  5 id of the commit at the position, or ''
-- Gives {'page', head, entries as XRANGE gives them} | {'trimmed', first} | {'beyond-head', head}
--     | {'history-lost', head} | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head', 'form')
local after, limit, budget = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[4] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[4]))
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
elseif after < tonumber(machine[2]) - 1 then
  return { 'trimmed', machine[2] }
elseif after > tonumber(machine[3]) then
  return { 'beyond-head', machine[3] }
end
-- What was trimmed is taken for what it should be; of the head the id is known all the same.
if ARGV[5] ~= '' and (after >= tonumber(machine[2]) or after == tonumber(machine[3])) then
  if tonumber(redis.call('HGET', KEYS[3], ARGV[5])) ~= after then
    return { 'history-lost', machine[3] }
  end
end
local page, from = {}, ARGV[2]
while #page < limit do
  local some = redis.call('XRANGE', KEYS[2], '(' .. from .. '-0', machine[3] .. '-0', 'COUNT', math.min(8, limit - #page))
  if #some == 0 then
    break
  end
  for _, entry in ipairs(some) do
    budget = budget - #(entry[2][4] or '')
    if #page > 0 and budget < 0 then
      return { 'page', machine[3], page }
    end
    page[#page + 1] = entry
  end
  from = some[#some][1]:match('^%d+')
end
return { 'page', machine[3], page }
