/**
 * Beginning: the first read, the first word of help, the weight of a page.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { bundleBytes, firstRead, help, kernelBytes } from "../contests/starts.ts";
import { isSmoke } from "../harness/contest.ts";
import { speedsOf, spreadOf } from "../harness/measure.ts";
import { amounts, FEW, race, type Row } from "../harness/row.ts";

/** The first read in Chromium, where there is one: a bench installs nothing. */
async function* firstReadInBrowser(): AsyncGenerator<Row> {
  // Here, for what drives a browser is large, and no other group needs it.
  const { findChromium, surroundings } = await import("../../browser/chromium.ts");
  const { importInBrowser } = await import("../contests/browser_starts.ts");
  let executablePath: string;
  try {
    executablePath = findChromium({ ...surroundings, install: () => false });
  } catch (error) {
    return console.log(`not measured: ${(error as Error).message}`);
  }
  yield {
    title: "import cowdisk and read for the first time, in Chromium",
    unit: "ns",
    mark: null,
    async measure() {
      const [floor = [], ours = []] = await importInBrowser(executablePath, isSmoke ? 1 : 20);
      return [
        {
          name: "a module that does nothing",
          cost: spreadOf(floor),
          speed: spreadOf(speedsOf(floor, floor)),
        },
        { name: "cowdisk, bundled", cost: spreadOf(ours), speed: spreadOf(speedsOf(ours, floor)) },
      ];
    },
  };
}

/** The rows. */
export async function* startRows(): AsyncGenerator<Row> {
  yield race(firstRead(), FEW);
  yield* firstReadInBrowser();
  yield { ...race(help(), FEW), mark: { of: "cost", limit: 200e6 } };
  yield amounts(
    "the kernel's .wasm, inside the bundle",
    "bytes",
    () => ({ cowdisk: kernelBytes() }),
  );
  yield amounts(
    "the least bundle of a page: a memory device, an origin, a snapshot, the .wasm",
    "bytes",
    async () => {
      const { minified, gzipped } = await bundleBytes();
      return { minified, "minified and gzipped": gzipped };
    },
    { of: "cost", limit: 40_000 },
  );
}
