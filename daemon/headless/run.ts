/**
 * `veneer run`: a scenario through the simulated kernel without a daemon. Its flags and formats are a fixed contract that
 * checks outside this project use.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '../../protocol/events/index.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { decide, initialState, type State } from '../kernel/kernel.ts';
import { type Loaded, loadModule } from '../kernel/loader/load.ts';
import { dumpModule } from './dump.ts';
import { fileWords } from './file-words.ts';
import { memoryImage } from './image.ts';
import { moduleReader } from './modules.ts';
import { type Report, type ReportStep, reportStep } from './report.ts';
import { RunError } from './run-error.ts';
import { commandOf, readScenario, type Step } from './scenario.ts';

export interface RunOptions {
  readonly scenario: string;
  /** The folder that the scenario's module paths start from. */
  readonly modules: string;
  readonly report?: string;
  readonly dump?: string;
  /** A file for the machine's memory after the last step, veneerd/image@1. */
  readonly image?: string;
  /** Called after each step. */
  readonly onStep?: (done: number, total: number, step: Step, events: readonly Event[]) => void;
}

export { RunError };

/** Runs all steps; rejects with RunError. Writes the report and the dumps that the options ask for. */
export async function runScenario(options: RunOptions): Promise<Report> {
  const scenario = readScenario(await readFile(options.scenario, 'utf8').catch(failed(`scenario ${options.scenario}`)));
  if (!scenario.ok) throw new RunError(`${options.scenario}: ${scenario.message}`);
  const { machine, steps } = scenario.value;
  const modules = moduleReader(options.modules);
  let state = boot(machine, options.scenario);
  const reported: ReportStep[] = [];
  for (const [index, step] of steps.entries()) {
    const bytes = step.op === 'load' ? await modules.read(step.module) : undefined;
    const command = commandOf(step, () => bytes?.sha256 ?? '');
    const blobs = new Map(bytes ? [[bytes.sha256, bytes.bytes]] : []);
    const kept: { loaded?: Loaded } = {};
    const decision =
      command.type === 'load'
        ? loadModule(state, command, blobs, (loaded) => {
            kept.loaded = loaded;
          })
        : decide(state, command, blobs);
    if (!decision.ok) throw new RunError(`${options.scenario}: step ${index}: ${decision.message}`);
    state = decision.state;
    reported.push(reportStep(step.op, decision.events, state.staticCalls));
    if (options.dump !== undefined && kept.loaded) {
      await dumpModule(join(options.dump, String(index)), kept.loaded).catch(failed(options.dump));
    }
    options.onStep?.(index + 1, steps.length, step, decision.events);
  }
  const report: Report = { format: 'veneerd/report@1', steps: reported };
  const write = (path: string, value: unknown): Promise<void> =>
    writeFile(path, `${JSON.stringify(value)}\n`).catch(failed(path));
  if (options.report !== undefined) await write(options.report, report);
  if (options.image !== undefined) await write(options.image, memoryImage(state, modules.blobs));
  return report;
}

function boot(profile: MachineProfile, file: string): State {
  const booted = decide(initialState(), { type: 'boot', profile }, new Map());
  if (!booted.ok) throw new RunError(`${file}: machine: ${booted.message}`);
  return booted.state;
}

const failed =
  (what: string) =>
  (error: unknown): never => {
    throw new RunError(`${what}: ${fileWords(error)}`);
  };
