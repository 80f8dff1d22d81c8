/** Object identifiers of RFC 5280, RFC 5758, RFC 8017 and of Kubernetes (KEP-4828's certificate UID). */
export const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  /** Subject attribute that carries a user's UID, staging/src/k8s.io/apiserver/pkg/authentication/request/x509. */
  kubernetesUid: '1.3.6.1.4.1.57683.2',

  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',

  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',

  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;
