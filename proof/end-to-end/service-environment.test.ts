import { describe, expect, it } from 'vitest';
import { environmentFor, type Service } from '../../scripts/service-environment.ts';
import { readBy, readers } from './settings-read.ts';

const services = Object.keys(readers) as Service[];
const all = [...new Set(services.flatMap((service) => readBy(readers[service])))];

/** The names of the variables that a service gets of an environment with these names. */
const namesFor = (service: Service, names: string[]) =>
  Object.keys(environmentFor(service, Object.fromEntries(names.map((name) => [name, 'x']))));

describe.each(services)('npm start gives to the %s', (service) => {
  it('every setting that it reads, and none that only others read', () => {
    expect(namesFor(service, all).sort()).toEqual(readBy(readers[service]).sort());
  });

  it('what is no setting', () => {
    const others = ['PATH', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ', 'http_proxy', 'PGSSLCERT', 'MY_OWN'];
    expect(namesFor(service, others)).toEqual(others);
  });

  it('the credentials of AWS, if it is the CRM, in whatever case Windows has them', () => {
    const names = ['AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'Aws_Secret_Access_Key', 'Admin_Password'];
    expect(namesFor(service, names)).toEqual(service === 'crm' ? names : []);
  });
});
