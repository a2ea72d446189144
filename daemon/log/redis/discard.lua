-- Lets go of staged commits, unless they are the machine by now.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch
-- Gives {'discarded'} | {'kept'}
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then
  return { 'kept' }
end
redis.call('UNLINK', KEYS[2], KEYS[3])
return { 'discarded' }
