-- Ends the transaction that append.lua began: opens the stream, if it was shut, for what follows the head.
-- KEYS  1 machine (hash)  2 commits (stream)
local head = redis.pcall('HGET', KEYS[1], 'head')
if type(head) == 'string' then
  redis.pcall('XSETID', KEYS[2], head .. '-0')
end
