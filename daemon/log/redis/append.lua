-- Admits a run of commits, whose XADDs follow in the same transaction; or shuts the stream, so that these add nothing,
-- until append-end.lua opens it again. Texts don't pass through a script: Lua hashes every byte that it is given.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch  2 expected head  3 id of the expected head, or ''  4, 5, … command ids of commits that follow each other
-- Gives {'admitted'} | {'refused', {'duplicate <number>' | 'version-conflict <head>', … of the first ones}, how many of
--     those after them can be appended} | {'epoch-changed', epoch} | {'no-such-machine'}
local function decide()
  local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head', 'form')
  if not machine[1] then
    return { 'no-such-machine' }
  elseif machine[4] ~= '1' then
    return redis.error_reply('FORM ' .. tostring(machine[4]))
  elseif machine[1] ~= ARGV[1] then
    return { 'epoch-changed', machine[1] }
  end
  local first, head, expected = tonumber(machine[2]), tonumber(machine[3]), tonumber(ARGV[2])
  if not (first and head) then
    error('first and head of a machine are numbers')
  end
  local ids = { unpack(ARGV, 4) }
  local known = redis.call('HMGET', KEYS[3], unpack(ids))
  local isHead = ARGV[3] == '' or tonumber(redis.call('HGET', KEYS[3], ARGV[3])) == head
  local refusals, added, run = {}, {}, 0
  for n, id in ipairs(ids) do
    local refusal
    if known[n] and tonumber(known[n]) >= first then
      refusal = 'duplicate ' .. known[n]
    elseif expected + n - 1 ~= head + run or (n == 1 and not isHead) then
      refusal = string.format('version-conflict %.0f', head)
    end
    if not refusal then
      run = run + 1
      added[2 * run - 1], added[2 * run] = id, string.format('%.0f', head + run)
    elseif run > 0 then
      break
    else
      refusals[n] = refusal
    end
  end
  if run < #ids then
    return { 'refused', refusals, run }
  end
  -- Fails where somebody else has written to the stream. If it does not, the XADDs don't fail either.
  redis.call('XSETID', KEYS[2], string.format('%.0f-0', head))
  -- Readers see all of this or nothing, so the hint may come first: it fails where the user may not publish.
  redis.call('PUBLISH', KEYS[1], 'appended')
  redis.call('HSET', KEYS[3], unpack(added))
  redis.call('HSET', KEYS[1], 'head', string.format('%.0f', head + run))
  return { 'admitted' }
end

local whole, answer = pcall(decide)
if whole and answer[1] == 'admitted' then
  return answer
end
redis.pcall('XSETID', KEYS[2], '18446744073709551615-18446744073709551615')
if type(answer) == 'string' then
  return redis.error_reply('ERR ' .. answer)
end
return answer
