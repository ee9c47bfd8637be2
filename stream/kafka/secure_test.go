package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// identity is a certificate of the broker, made once.
var identity = sync.OnceValues(func() (keystore string, roots *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})) + string(cert), roots
})

func secure() *kafkatest.Secure {
	keystore, _ := identity()
	return &kafkatest.Secure{Keystore: keystore, User: "footfall", Password: "correct horse"}
}

// TestSecure produces and consumes over TLS with a password, and is refused
// without either.
func TestSecure(t *testing.T) {
	t.Parallel()
	_, roots := identity()
	addrs := broker(t).SecureAddrs()
	for _, mechanism := range []string{"SCRAM-SHA-256", ""} {
		cfg := configOf(t, addrs)
		cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		cfg.SASL = &SASL{Mechanism: mechanism, User: secure().User, Password: secure().Password}
		l := open(t, cfg)
		records := []footfall.Record{rec(0, "shop", "secret")}
		require.NoError(t, l.Append(t.Context(), records))
		read := owned(t, l, func(p stream.Partition) []footfall.Record {
			got, err := p.Read(t.Context(), records[0].Offset, 1)
			if err == nil {
				err = p.Commit(t.Context(), stream.Plan{To: 1})
			}
			if err != nil {
				t.Error(err)
			}
			return got
		})
		require.Equal(t, records, read)

		for name, change := range map[string]func(*Config){
			"wrong password": func(c *Config) { c.SASL = &SASL{User: c.SASL.User, Password: "wrong"} },
			"no password":    func(c *Config) { c.SASL = nil },
			"wrong root":     func(c *Config) { c.TLS = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12} },
		} {
			refused := cfg
			refused.AppendTimeout = 2 * time.Second
			change(&refused)
			l, err := New(refused)
			require.NoError(t, err)
			require.ErrorIs(t, l.Append(t.Context(), records), stream.ErrUnavailable, name)
			require.ErrorIs(t, l.Ready(t.Context()), stream.ErrUnavailable, name)
			require.NoError(t, l.Close())
		}
	}
}
