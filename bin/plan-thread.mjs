// A thread of `veneer plan --sweep`, which is TypeScript like all else. Threads need a file to start from.
import { load } from './bundle.mjs';

await load('daemon/headless/plan/thread.ts');
