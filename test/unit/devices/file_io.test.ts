import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { nodeFileIo, refusalOf, systemCodeOf } from "../../../src/devices/file_io.ts";
import { systemError, temporaryPath } from "./temporary.ts";

describe("what the system's errors become", () => {
  const table: [string, string][] = [
    ["EACCES", "EPERM"],
    ["EDQUOT", "ENOSPC"],
    ["EEXIST", "EEXIST"],
    ["EFBIG", "ENOSPC"],
    ["EISDIR", "EINVAL"],
    ["ENOENT", "ENOENT"],
    ["ENOSPC", "ENOSPC"],
    ["ENOTDIR", "ENOENT"],
    ["EPERM", "EPERM"],
    ["EROFS", "EROFS"],
    ["ETXTBSY", "EBUSY"],
    ["EIO", "EIO"],
    ["EMFILE", "EIO"],
    ["EWHATEVER", "EIO"],
  ];
  for (const [system, code] of table) {
    test(`${system} is ${code}, with the sentence and the cause`, () => {
      const cause = systemError(system);
      const refusal = refusalOf(cause, "Cannot write", { device: "disk", sector: 7 });
      expect(refusal).toMatchObject({
        code,
        message: `Cannot write: ${system}: as the system says`,
        device: "disk",
        sector: 7,
        cause,
      });
    });
  }

  test("a permission that Deno does not give is EPERM", () => {
    const cause = new Error("Requires read access");
    cause.name = "NotCapable";
    expect(refusalOf(cause, "Cannot open", {}).code).toBe("EPERM");
  });

  test("a refusal stays what it is, and what is no error is EIO", () => {
    const refusal = new BlockDeviceError("EBUSY", "Cannot open");
    expect(refusalOf(refusal, "Cannot lock", {})).toBe(refusal);
    expect(refusalOf("nonsense", "Cannot open", {}).code).toBe("EIO");
    expect(systemCodeOf(undefined)).toBe("");
  });
});

test("what does not exist, is a directory or already exists is told apart", () => {
  const path = temporaryPath();
  const code = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return refusalOf(error, "Cannot open", {}).code;
    }
  };
  expect(code(() => nodeFileIo.open(path, "read"))).toBe("ENOENT");
  expect(code(() => nodeFileIo.open(path, "write"))).toBe("ENOENT");
  expect(code(() => nodeFileIo.open(join(path, "below"), "create"))).toBe("ENOENT");
  expect(code(() => nodeFileIo.open(dirname(path), "read"))).toBe("EINVAL");
  nodeFileIo.close(nodeFileIo.open(path, "create"));
  expect(code(() => nodeFileIo.open(path, "create"))).toBe("EEXIST");
});

test("what is opened is the file behind a link, and nothing but a regular file", () => {
  const path = temporaryPath();
  writeFileSync(path, "content");
  symlinkSync(path, `${path}.link`);
  nodeFileIo.close(nodeFileIo.open(`${path}.link`, "read"));
  mkdirSync(`${path}.directory`);
  expect(() => nodeFileIo.open(`${path}.directory`, "write")).toThrow(/is not a regular file/);
});

test("every verb does to a file what it says", async () => {
  const path = temporaryPath();
  const file = nodeFileIo.open(path, "create");
  nodeFileIo.resize(file, 1000);
  expect(nodeFileIo.size(file)).toBe(1000);
  expect(nodeFileIo.write(file, new Uint8Array([9, 1, 2, 9]), 1, 2, 998)).toBe(2);
  nodeFileIo.sync(file);
  await nodeFileIo.syncLater(file);
  nodeFileIo.syncName(path);
  const target = new Uint8Array(8);
  expect(nodeFileIo.read(file, target, 2, 4, 998)).toBe(2);
  expect(nodeFileIo.read(file, target, 0, 1, 1000)).toBe(0);
  expect([...target]).toEqual([0, 0, 1, 2, 0, 0, 0, 0]);
  nodeFileIo.close(file);
  expect(readFileSync(path).length).toBe(1000);
  await expect(nodeFileIo.syncLater(-1)).rejects.toThrow();
  nodeFileIo.remove(path);
  expect(() => nodeFileIo.open(path, "read")).toThrow();
});

test("a name in a directory that cannot be opened is not made durable, and that is all", () => {
  nodeFileIo.syncName(join(temporaryPath(), "no", "such", "file"));
});
