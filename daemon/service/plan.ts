import { BelfryError, EXIT } from '../core/problems/failure.ts';

/** One change of the machine. A plan is a list of them, decided before the first is carried out. */
export interface Step {
  /** Text for people, such as `create the system user belfry`. */
  readonly describe: string;
  readonly do: () => Promise<void>;
  /** Takes the change back after a later step has failed. Absent where nothing is left to take back. */
  readonly undo?: () => Promise<void>;
}

/** Failure of a step, with the text that the user needs to correct it. */
export class StepFailure extends BelfryError {
  constructor(message: string, exit: number = EXIT.failed) {
    super('service.step', message, { exit });
  }
}

/** Makes a check that throws a `StepFailure`. With `onObstacle` only wrong usage is thrown, and any other failure is reported. */
export async function checkObstacle(
  check: () => Promise<void> | void,
  onObstacle: ((reason: string) => void) | undefined,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (onObstacle === undefined || !(error instanceof StepFailure) || error.exit === EXIT.usage) throw error;
    onObstacle(error.message);
  }
}

export interface FollowOptions {
  /** Called before each step. */
  readonly onStep: (step: Step) => void;
  /** Ends the work after the current step, whose changes are undone too. */
  readonly interrupted: AbortSignal;
}

/**
 * Carries out the steps in order. When one fails, it and those before it are undone in reverse order, so that nothing is left half
 * done, and the failure is thrown again with a line for each change that could not be taken back.
 */
export async function carryOut(steps: readonly Step[], { onStep, interrupted }: FollowOptions): Promise<void> {
  const done: Step[] = [];
  for (const step of steps) {
    onStep(step);
    done.push(step);
    try {
      await step.do();
      if (interrupted.aborted) throw new StepFailure('interrupted');
    } catch (error) {
      const left = await undo(done);
      throw withRest(error as Error, step, left);
    }
  }
}

async function undo(done: readonly Step[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const step of done.toReversed())
    await step.undo?.().catch((error: Error) => left.push(`${step.describe}: ${error.message}`));
  return left;
}

function withRest(error: Error, step: Step, left: readonly string[]): Error {
  const exit = error instanceof BelfryError ? error.exit : EXIT.failed;
  const rest =
    left.length === 0
      ? 'Everything that was changed before is as it was.'
      : `These changes could not be taken back:\n${left.map((line) => `  ${line}`).join('\n')}`;
  return new StepFailure(`could not ${step.describe}: ${error.message}\n${rest}`, exit);
}
