import { refusingAddress } from './refusing-address.ts';

const nobody = await refusingAddress();
nobody.unref();

/**
 * An address where nothing listens, for gates that measure a service; no gate in the tests starts one. By default, such
 * a gate looks at port 8787, where the real service may be listening on a developer's machine.
 */
export const UNUSED_ADDRESS = { OA_CONTROL_BIND_ADDR: nobody.host };
