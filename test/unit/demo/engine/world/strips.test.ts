import { expect, test } from "vitest";
import { COMMANDS } from "../../../../../demo/engine/commands/commands.ts";
import { parseLine } from "../../../../../demo/engine/commands/command.ts";
import { Session } from "../../../../../demo/engine/session.ts";
import { Prng } from "../../../../../src/testing/mod.ts";
import { noTime } from "../visit.ts";

/** Runs a line as the engine does, without its log; a refusal is as good as anything. */
async function perform(session: Session, line: string): Promise<void> {
  const { command, words, options } = parseLine(line, COMMANDS, 1);
  session.begin();
  session.tempo.begin(Infinity);
  await command.run({ session, words, options }).catch(() => {});
  session.tempo.end();
  session.end();
}

function lineBySeed(prng: Prng): string {
  const first = prng.int(60);
  const chunks = prng.bool() ? `${first}` : `${first}-${first + prng.int(4)}`;
  const verb = prng.weighted({ origin: 6, monday: 3, tuesday: 3, merge: 1, bad: 1, read: 2 });
  switch (verb) {
    case "merge":
      return `merge ${prng.pick(["monday", "tuesday"])}`;
    case "bad":
      return `bad ${first}`;
    case "read":
      return `read far ${chunks}`;
    default:
      return `write ${verb} ${verb === "tuesday" ? first % 30 : chunks}`;
  }
}

test("what is drawn from changes is what is drawn from nothing", async () => {
  const { clock, ...options } = { clock: noTime, name: "strips", storage: "memory" as const };
  for (let seed = 0; seed < 4; seed++) {
    const prng = Prng.fromSeed(`strips ${seed}`);
    const session = await Session.open({ ...options, clock, onChange: () => {} });
    const lines = [
      "snapshot monday --size 48K",
      "snapshot tuesday --chunk 8K --size 1M",
      "cache far",
    ];
    for (let line = 0; line < 25; line++) lines.push(lineBySeed(prng));
    for (const line of lines) {
      await perform(session, line);
      const drawn = session.strips();
      session.redraw();
      expect(drawn, `seed ${seed}, after ${line}`).toEqual(session.strips());
    }
    session.check();
    await session.close();
  }
});
