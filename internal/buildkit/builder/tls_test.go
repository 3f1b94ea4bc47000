package builder_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// authority is a CA that signs certificates for one test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, newKey(t)
	a.file, _ = a.sign(t, name, template, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue signs a certificate and returns its file and that of its key.
func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage) (cert, key string) {
	t.Helper()
	return a.sign(t, name, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, newKey(t))
}

func (a *authority) sign(t *testing.T, name string, template *x509.Certificate, key *ecdsa.PrivateKey) (string, string) {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+"-key.pem")
	for path, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestTCPWithCertificates(t *testing.T) {
	ca, stranger := newAuthority(t, "ca"), newAuthority(t, "stranger")
	serverCert, serverKey := ca.issue(t, "builder.example", x509.ExtKeyUsageServerAuth)
	cert, key := ca.issue(t, "client", x509.ExtKeyUsageClientAuth)
	wrongCert, wrongKey := stranger.issue(t, "client", x509.ExtKeyUsageClientAuth)
	address := freePort(t)
	buildkittest.Start(t, buildkittest.Options{Flags: []string{
		"--addr", "tcp://" + address, "--tlscert", serverCert, "--tlskey", serverKey, "--tlscacert", ca.file,
	}})

	for _, name := range []string{"", "builder.example"} {
		b := connect(t, builder.Options{Address: "tcp://" + address,
			TLS: builder.TLS{CA: ca.file, Cert: cert, Key: key, ServerName: name}})
		if b.Driver != builder.DriverTCP || b.Name != "tcp://"+address {
			t.Errorf("driver %q, name %q", b.Driver, b.Name)
		}
		wantBuild(t, b.Client)
	}

	// The same through a builder of buildx.
	config := t.TempDir()
	writeBuildx(t, config, "instances/far", `{"Name":"far","Driver":"remote","Nodes":[{"Name":"far0","Endpoint":"tcp://`+address+
		`","DriverOpts":{"cacert":"`+ca.file+`","cert":"`+cert+`","key":"`+key+`","servername":"builder.example","default-load":"false"}}]}`)
	b := connect(t, builder.Options{Address: "Far", Getenv: env("DOCKER_CONFIG", config)})
	if b.Driver != builder.DriverRemote || b.Name != "far" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	wantBuild(t, b.Client)

	for _, c := range []struct {
		name, want string
		tls        builder.TLS
	}{
		{"no TLS", "", builder.TLS{}},
		{"another CA", "certificate signed by unknown authority", builder.TLS{CA: stranger.file, Cert: cert, Key: key}},
		{"the system's CAs", "certificate signed by unknown authority", builder.TLS{Cert: cert, Key: key}},
		{"another name", "not other.example", builder.TLS{CA: ca.file, Cert: cert, Key: key, ServerName: "other.example"}},
		{"no certificate of ours", "certificate required", builder.TLS{CA: ca.file}},
		{"certificate by another CA", "certificate required", builder.TLS{CA: ca.file, Cert: wrongCert, Key: wrongKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			started := time.Now()
			_, err := builder.Connect(t.Context(), builder.Options{Address: "tcp://" + address, TLS: c.tls})
			e := wantError(t, err, "builder tcp://"+address+" cannot be reached")
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
			if !strings.Contains(e.Hint, "CA") {
				t.Errorf("hint %q does not name the CA", e.Hint)
			}
			if took := time.Since(started); took > 3*time.Second {
				t.Errorf("it took %s to say so", took)
			}
		})
	}
}

func TestPlainTCP(t *testing.T) {
	address := freePort(t)
	buildkittest.Start(t, buildkittest.Options{Flags: []string{"--addr", "tcp://" + address}})
	wantBuild(t, connect(t, builder.Options{Getenv: env("BUILDKIT_HOST", "tcp://"+address)}).Client)
}

// TestTCPServedByAnother checks that something that accepts and is no BuildKit is
// told before the build begins.
func TestTCPServedByAnother(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	address := strings.Replace(web.URL, "http://", "tcp://", 1)
	_, err := builder.Connect(t.Context(), builder.Options{Address: address})
	wantError(t, err, "builder "+address+" cannot be reached")
}
