import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImageTar } from '../oci/image-tar.ts';

export const BUSYBOX_IMAGE = 'localhost/e2e/busybox:1';

/** What the pods of these tests do. */
const APPLETS = [
  'cat',
  'date',
  'dd',
  'echo',
  'false',
  'ls',
  'mkdir',
  'nc',
  'rm',
  'sh',
  'sleep',
  'true',
  'wget',
];

/** Writes an image with a shell and little else, named BUSYBOX_IMAGE, and returns the archive's path. */
export async function writeBusyboxImage(busybox: string, folder: string): Promise<string> {
  const root = await mkdtemp(join(folder, 'busybox-'));
  const out = join(folder, 'busybox.tar');
  try {
    const bin = join(root, 'bin');
    for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) await mkdir(join(root, name));
    await copyFile(busybox, join(bin, 'busybox'));
    for (const applet of APPLETS) await symlink('busybox', join(bin, applet));
    await writeFile(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\n');
    // Without a command it does nothing, for as long as it is let: so it holds the namespaces of a pod.
    const config = { Env: ['PATH=/bin'], Cmd: ['/bin/sleep', '2147483647'] };
    await writeImageTar({ root, name: BUSYBOX_IMAGE, config, out });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return out;
}
