import { expect, test } from "vitest";
import { COMMANDS } from "../../../../../demo/engine/commands/commands.ts";
import { parseLine } from "../../../../../demo/engine/commands/command.ts";
import { Session } from "../../../../../demo/engine/session.ts";
import { Strips } from "../../../../../demo/engine/world/strips.ts";
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

test("what is drawn from changes, beat by beat, is what is drawn from nothing", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const prng = Prng.fromSeed(`strips ${seed}`);
    const compare = (after: string) => {
      const { world, devices, stack } = session;
      const drawn = session.strips();
      const fresh = new Strips().draw({ world, devices, stack, stored: new Map() });
      expect(drawn, `seed ${seed}, ${after}`).toEqual(fresh);
    };
    const place = { name: "strips", storage: "memory", clock: noTime } as const;
    const session: Session = await Session.open({ ...place, onChange: () => {} });
    const lines = [
      "snapshot monday --size 48K",
      "snapshot tuesday --chunk 8K --size 1M",
      "cache far",
    ];
    for (let line = 0; line < 25; line++) lines.push(lineBySeed(prng));
    for (const line of lines) {
      session.tempo.pause();
      const ending = perform(session, line);
      while (await session.tempo.step() !== undefined) compare(`during ${line}`);
      session.tempo.play();
      await ending;
      compare(`after ${line}`);
    }
    session.check();
    await session.close();
  }
});
