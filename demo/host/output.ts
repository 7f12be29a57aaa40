/** What the tasks of this folder say, and where. */
const encoder = new TextEncoder();

/** Prints a line. */
export function print(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

/** Prints what is wrong. Returns the status to end with. */
export function printProblem(line: string): number {
  Deno.stderr.writeSync(encoder.encode(`${line}\n`));
  return 1;
}
