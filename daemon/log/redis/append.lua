-- Appends commits, each of them if the machine is then where its writer thinks it is.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch  then of each commit: expected head, id of the expected head or '', command id, text
-- Gives {'decided', {'appended' | 'duplicate <number>' | 'version-conflict <head>', … for each commit}}
--     | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head')
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
end
local first, head, headId = tonumber(machine[2]), tonumber(machine[3]), nil
local ids, added, fresh, results = {}, {}, {}, {}
for at = 4, #ARGV, 4 do
  ids[#ids + 1] = ARGV[at]
end
local known = redis.call('HMGET', KEYS[3], unpack(ids))

local function isHead(id)
  if id == '' or headId then
    return id == '' or id == headId
  end
  return tonumber(redis.call('HGET', KEYS[3], id)) == head
end

for n, id in ipairs(ids) do
  local before = fresh[id] or known[n]
  if before and tonumber(before) >= first then
    results[n] = 'duplicate ' .. before
  elseif tonumber(ARGV[4 * n - 2]) ~= head or not isHead(ARGV[4 * n - 1]) then
    results[n] = string.format('version-conflict %.0f', head)
  else
    if not headId then
      -- Readers see all of this or nothing, so the hint may come first: it fails where the user may not publish.
      redis.call('PUBLISH', KEYS[1], 'appended')
    end
    local number = string.format('%.0f', head + 1)
    -- The one write that can fail (out of memory, a stream that somebody else wrote to) comes first: the first of these
    -- fails when nothing is written, and none does after it.
    redis.call('XADD', KEYS[2], number .. '-0', 'id', id, 'text', ARGV[4 * n + 1])
    head, headId, fresh[id] = head + 1, id, number
    added[#added + 1] = id
    added[#added + 1] = number
    results[n] = 'appended'
  end
end
if headId then
  redis.call('HSET', KEYS[3], unpack(added))
  redis.call('HSET', KEYS[1], 'head', string.format('%.0f', head))
end
return { 'decided', results }
