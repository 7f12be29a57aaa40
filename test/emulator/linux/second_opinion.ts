/**
 * The last word on what a guest has left behind: e2fsprogs, on this machine.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { complaints, listImage, requireE2fsprogs, withFolder } from "../../filesystem/e2fsprogs.ts";

/** Compares a file system with what the guest said of it. Fails with what is not so. */
export function judgeFileSystem(image: Uint8Array, files: readonly string[]): void {
  requireE2fsprogs();
  withFolder((folder) => {
    const path = `${folder}/image`;
    writeFileSync(path, image);
    const found = complaints(path);
    if (found !== "") throw new Error(`e2fsck complains:\n${found}`);
    const listed = listImage(path).filter((line) => line.includes(" bytes "));
    const told = files.map((line) => /^([0-9a-f]{64}) {2}\.\/(.*)$/.exec(line));
    const isSame = listed.length === told.length &&
      told.every((match) =>
        match !== null &&
        listed.some((line) =>
          line.startsWith(`${match[2]} `) && line.endsWith(` ${match[1]!.slice(0, 16)}`)
        )
      );
    if (isSame) return;
    throw new Error(`debugfs finds\n${listed.join("\n")}\nand the guest had\n${files.join("\n")}`);
  });
}
