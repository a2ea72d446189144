/**
 * What a refusal by the kernel means, in plain words, and what would help. The kernel's own words decide where one errno says
 * several things; an errno that no rule knows gets a sentence that is true of all.
 */
import type { Failure } from '../../../protocol/view/types.ts';

/** What is refused, by whom and how, as a view has it. */
export type Refused = Pick<Failure, 'op' | 'module' | 'errno' | 'words'>;

export interface RefusalWords {
  /** One sentence for somebody who does not know the errno, without a full stop. */
  readonly means: string;
  /** What would help, each a sentence of its own, most likely first. */
  readonly fix: readonly string[];
}

interface Rule extends RefusalWords {
  readonly op: Refused['op'];
  readonly errno?: string;
  readonly words: RegExp;
}

const REBUILD = 'Build the module for exactly this kernel.';

/** The first that fits counts. */
const RULES: readonly Rule[] = [
  {
    op: 'load',
    words: /init function returned/,
    means: 'the module was in memory and linked, but its own init function said no, so it was taken out again',
    fix: ['Look for what its init function needs: usually hardware or another driver that is not there.'],
  },
  {
    op: 'load',
    errno: 'ENOMEM',
    words: /^(vmap allocation|vmalloc_node_range) /,
    means: 'neither window has a hole that is large enough for this module and its guard pages',
    fix: [
      'Unload modules that nobody uses, largest first.',
      'Boot with a wider fallback window (2 GB), or fork from here with other windows.',
      'See in the address space whether room is held by others, or only in holes that are too small.',
    ],
  },
  {
    op: 'load',
    errno: 'ENOMEM',
    words: /percpu data/,
    means: 'the area for per-CPU data of modules is full: every CPU needs its own copy there',
    fix: ['Unload modules that have per-CPU data.', 'Give the machine a larger percpu area in its profile.'],
  },
  {
    op: 'load',
    errno: 'ENOMEM',
    words: /^fallbackAt\./,
    means: 'the command says where the module has to lie, and that place is taken or begins on no page',
    fix: ['Choose a free page-aligned address, or leave the place to the allocator.'],
  },
  {
    op: 'load',
    errno: 'ENOMEM',
    words: /static calls/,
    means: 'there was no memory for a node of site_mods, so the kernel could not note where this module’s calls are',
    fix: ['Load it again: such a failure passes. Here a command asked for it.'],
  },
  {
    op: 'load',
    errno: 'ENOENT',
    words: /from proprietary module/,
    means: 'it uses GPL-only symbols, and symbols of a proprietary module: the kernel allows one or the other',
    fix: ['Do without the proprietary module, or without the GPL-only symbols.'],
  },
  {
    op: 'load',
    errno: 'ENOENT',
    words: /Unknown symbol/,
    means: 'it needs functions or data that neither the kernel nor a loaded module offers to it',
    fix: [
      'Load the module that exports the symbol first (modprobe does this by itself).',
      'If one does export it: GPL-only symbols are hidden from modules whose license is not compatible.',
      'Boot a machine with open symbols, which invents what is missing.',
    ],
  },
  {
    op: 'load',
    errno: 'EINVAL',
    words: /namespace/,
    means: 'the symbol is there, but only for modules that import its namespace, and this one does not',
    fix: ['Add MODULE_IMPORT_NS with that namespace to its source.'],
  },
  {
    op: 'load',
    errno: 'EINVAL',
    words: /__raw_static_call/,
    means: 'a call names a trampoline whose key the kernel does not know: there is no such entry in its table',
    fix: ['Boot a machine whose profile has that static call.', REBUILD],
  },
  {
    op: 'load',
    errno: 'EEXIST',
    words: /already loaded/,
    means: 'a module of that name is loaded, and there can only be one',
    fix: ['Unload the other one first.', 'Nothing is wrong if it is the same file.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /version magic/,
    means: 'it was built for another kernel: release or options differ',
    fix: [REBUILD, 'Boot a machine with its vermagic, or with none, which asks for nothing.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /duplicate symbol/,
    means: 'it exports a symbol that somebody else exports already',
    fix: ['Unload the other module, or rename the symbol.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /(unsupported RELA|Unknown rela) relocation/,
    means: 'it holds a relocation of a kind that the module loader does not do',
    fix: ['Compile it with the kernel’s own flags: others bring such relocations (-fPIC, another code model).'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /overflow in relocation/,
    means: 'an address does not fit into the instruction or field that has to hold it: the two are too far apart',
    fix: ['Compile it with the kernel’s own flags and code model.', 'Bring it nearer: free room in the direct window.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /relocation target, existing value/,
    means: 'a place that a relocation fills in holds something already, so the file was changed after it was built',
    fix: ['Take the file as the compiler made it.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /REL relocation/,
    means: 'its relocations are of the old form, without addends, which this architecture’s loader does not read',
    fix: [REBUILD],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /changes offset .* outside/,
    means: 'a relocation writes outside its section: the file is damaged or was made by hand',
    fix: ['Take the file as the compiler made it.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /PLT section\(s\) missing/,
    means: 'it has no .plt and .init.plt sections, where the loader would put veneers for calls that are too far',
    fix: ['Link it with the kernel’s module.lds, as kbuild does.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /symtab section missing/,
    means: 'it has no symbol table: somebody stripped it',
    fix: ['Strip debug information only (strip -g).'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /module-plts\.c/,
    means: 'the loader ran out of PLT entries: it had counted fewer far branches than there are',
    fix: ['This is a fault of the kernel’s count: tell its authors, with the file.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /kernel BUG/,
    means: 'a real kernel would stop here: it met code that it takes for impossible',
    fix: ['Look at the module’s static-call sites and its code: they are not what a compiler makes.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /static call site at .* outside/,
    means: 'its table of static calls names an address that is not its own',
    fix: ['Take the file as objtool made it.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /WRITE\|EXEC/,
    means: 'a section is writable and executable at once, which strict module permissions forbid',
    fix: ['Link it with the kernel’s module.lds, which keeps code and data apart.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /fno-common/,
    means: 'it holds variables in COMMON, which have no place until they are linked, and modules are not',
    fix: ['Compile it with -fno-common.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /^manifest: /,
    means: 'it is a manifest, a description of a module, and does not say what one has to say',
    fix: ['The kernel’s words name the member: mend it there.'],
  },
  {
    op: 'load',
    errno: 'ENOEXEC',
    words: /^Invalid module format/,
    means: 'the file is no module for this architecture, or is damaged: the offset says where it stops making sense',
    fix: ['Check that it is a .ko of the machine’s architecture, and that it was copied whole.'],
  },
  {
    op: 'unload',
    errno: 'ENOENT',
    words: /not currently loaded/,
    means: 'no module of that name is loaded',
    fix: ['Names have underscores here where files have hyphens.'],
  },
  {
    op: 'unload',
    errno: 'EAGAIN',
    words: /in use by: /,
    means: 'other modules use its symbols, and would be left with addresses of nothing',
    fix: ['Unload the modules that are named first, or let modprobe -r do it.'],
  },
  {
    op: 'unload',
    errno: 'EAGAIN',
    words: /in use$/,
    means: 'somebody holds it: an open device, a mounted file system',
    fix: ['Let go of it. Here a command said that it is held.'],
  },
  {
    op: 'unload',
    errno: 'EBUSY',
    words: /no exit function/,
    means: 'it has a function to begin and none to end: such a module stays for ever',
    fix: ['Give it a module_exit function. The running one goes only with a reboot.'],
  },
  {
    op: 'unload',
    errno: 'EBUSY',
    words: /already dying/,
    means: 'it is not live: it is still coming, or on its way out already',
    fix: ['Wait until that is over.'],
  },
];

/** By errno, where the words say nothing that is known. */
const ERRNOS: Readonly<Record<string, string>> = {
  ENOMEM: 'there was no memory for it',
  ENOENT: 'something that it needs is not there',
  EEXIST: 'there is one of that name already',
  ENOEXEC: 'the file is not a module that this kernel can load',
  EINVAL: 'something in it makes no sense to this kernel',
  EAGAIN: 'it is in use',
  EBUSY: 'it can’t be taken out in this state',
  ENODEV: 'the device that it drives is not there',
  EPERM: 'it is not allowed',
};

/** Total: any refusal gets words that are true of it. */
export function explainRefusal({ op, errno, words }: Omit<Refused, 'module'>): RefusalWords {
  const rule = RULES.find((one) => one.op === op && (one.errno ?? errno) === errno && one.words.test(words));
  if (rule !== undefined) return { means: rule.means, fix: rule.fix };
  return {
    means: ERRNOS[errno] ?? `the kernel refused with ${errno}`,
    fix: ['The kernel’s own words say what it met.'],
  };
}
