import { execFileSync } from 'node:child_process';

/** Writes a key and a certificate that it signed itself, for names such as `IP:127.0.0.1` or `DNS:example.com`. */
export function writeSelfSigned(files: { key: string; certificate: string }, subjectAltName: string): void {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', files.key];
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${subjectAltName}`];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', files.certificate, ...subject], { stdio: 'ignore' });
}
