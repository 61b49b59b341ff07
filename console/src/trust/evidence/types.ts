/** Types of documents, and which of them the verifier reads. */

import type { Document } from './file';

/** Type under which certificates of destruction are digested. */
export const DESTRUCTION_TYPE = 'destruction-certificate';
/** Type under which certificates about resources are digested. */
export const RESOURCE_TYPE = 'resource-certificate';
/** Type under which the certificate of a registered product is digested. */
export const PRODUCT_CERTIFICATE_TYPE = 'certificate';

/**
 * Whether a document of a valid file was held, member by member, against what others signed, whatever the file is about. Of
 * any other document only the digest was: one of no type or of a type that looks like these may say anything.
 */
export function isHeld({ type }: Pick<Document, 'type'>): boolean {
  return type === DESTRUCTION_TYPE || type === RESOURCE_TYPE || type === PRODUCT_CERTIFICATE_TYPE;
}
