/**
 * What other people's clients make of our TLS: libnbd's tools and qemu's, which use GnuTLS, with certificates
 * and without, against the real program.
 */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { expectBytes, Folder, notes } from "../unit/cli/session.ts";
import { certificates } from "../unit/nbd/certificates.ts";
import { client, served, servedOnTcp, succeed } from "./session.ts";

const DISK_BYTES = 4 * 2 ** 20;

function folderWithDisk(where?: "disk"): Folder {
  const folder = new Folder(where);
  folder.write("disk.img", notes(DISK_BYTES / 512, 1));
  return folder;
}

const withTls = (policy: string, ...words: string[]) => [
  ...["--tls", policy, "--tls-certificates", certificates().server],
  ...words,
];

describe("a server that requires TLS and certificates", () => {
  const strict = () => servedOnTcp(folderWithDisk(), ...withTls("require", "--tls-verify-peer"));

  test("serves libnbd's clients, over several connections", async () => {
    const { folder, uri, end } = await strict();
    const address = uri("nbds", certificates().client);
    expect(succeed("nbdinfo", "--size", address)).toBe(`${DISK_BYTES}\n`);
    expect(JSON.parse(succeed("nbdinfo", "--json", "--list", address))).toMatchObject({
      TLS: true,
    });
    succeed("nbdcopy", "--connections=4", "--request-size=65536", address, folder.path("out.img"));
    expectBytes(folder.read("out.img"), folder.read("disk.img"));
    const other = Buffer.from(folder.read("disk.img")).reverse();
    folder.write("in.img", other);
    succeed("nbdcopy", "--flush", folder.path("in.img"), address);
    expect((await end()).code).toBe(0);
    expectBytes(folder.read("disk.img"), other);
  });

  test("serves qemu", async () => {
    const { folder, port } = await strict();
    const image = (dir: string) => [
      ...["--object", `tls-creds-x509,id=tls,dir=${dir},endpoint=client`, "--image-opts"],
      `driver=nbd,host=127.0.0.1,port=${port},tls-creds=tls,tls-hostname=localhost`,
    ];
    const words = ["convert", ...image(certificates().client), "-O", "raw"];
    succeed("qemu-img", ...words, folder.path("out.img"));
    expectBytes(folder.read("out.img"), folder.read("disk.img"));
    expect(client("qemu-img", "info", ...image(certificates().impostor)).code).toBe(1);
  });

  test("tells nothing to who comes in the clear, has no certificate, or a stranger's", async () => {
    const { uri, end } = await strict();
    for (const words of [["--size"], ["--list"]]) {
      const { code, err } = client("nbdinfo", ...words, uri("nbd"));
      expect([code, err]).toEqual([1, expect.stringMatching(/not supported/)]);
    }
    for (const who of ["nobody", "impostor"] as const) {
      expect(client("nbdinfo", "--size", uri("nbds", certificates()[who])).code).toBe(1);
    }
    const { code, err } = client("nbdinfo", "--size", uri("nbds", certificates().stranger));
    expect([code, err]).toEqual([1, expect.stringMatching(/certificate/i)]);
    expect((await end()).code).toBe(0);
  });
});

test("a server that offers TLS serves clients with it and without", async () => {
  const { uri } = await servedOnTcp(folderWithDisk(), ...withTls("on"));
  for (const address of [uri("nbd"), uri("nbds", certificates().nobody)]) {
    expect(succeed("nbdinfo", "--size", address)).toBe(`${DISK_BYTES}\n`);
  }
});

test("TLS works on a Unix socket, and what the task may do is enough for it", async () => {
  const { uri } = await served(folderWithDisk("disk"), ...withTls("require", "--tls-verify-peer"));
  const address = uri().replace("nbd+unix", "nbds+unix");
  const words = ["--size", `${address}&tls-certificates=${certificates().client}`];
  expect(succeed("nbdinfo", ...words)).toBe(`${DISK_BYTES}\n`);
  expect(client("nbdinfo", "--size", uri()).code).toBe(1);
});
