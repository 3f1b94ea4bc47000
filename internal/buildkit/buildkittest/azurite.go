package buildkittest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// Azurite is Azure's own emulator of its blob storage, with one account.
type Azurite struct {
	// Account and Key are the account and its shared key, URL its address.
	Account, Key, URL string
	// Container is where caches go.
	Container string

	client *azblob.Client
}

// StartAzurite runs an empty storage until the test ends. The program is installed
// by `make setup`.
func StartAzurite(t testing.TB) *Azurite {
	t.Helper()
	key := make([]byte, 64)
	rand.Read(key)
	address := freeAddress(t)
	a := &Azurite{Account: "layercause", Key: base64.StdEncoding.EncodeToString(key), Container: "caches"}
	a.URL = "http://" + address + "/" + a.Account
	credential, err := azblob.NewSharedKeyCredential(a.Account, a.Key)
	if err == nil {
		a.client, err = azblob.NewClientWithSharedKeyCredential(a.URL, credential, nil)
	}
	if err != nil {
		t.Fatalf("making a client of azurite: %v", err)
	}
	a.run(t, address)
	return a
}

func (a *Azurite) run(t testing.TB, address string) {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	program := filepath.Join(filepath.Dir(file), "../../../.cache/azurite/node_modules/azurite/dist/src/blob/main.js")
	if _, err := os.Stat(program); err != nil {
		t.Fatal("azurite is not there: run make setup")
	}
	dir := t.TempDir()
	logPath := filepath.Join(dir, "log")
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("node", program, "--blobHost", host, "--blobPort", port,
		"--inMemoryPersistence", "--disableTelemetry", "--silent")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+a.Account+":"+a.Key)
	done, err := startChild(cmd, logPath)
	if err != nil {
		t.Fatalf("starting azurite: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of azurite's log:\n%s", logTail(logPath))
		}
		// It holds nothing that would have to be written.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-done
	})
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-done:
			t.Fatalf("azurite ended with %v:\n%s", cmd.ProcessState, logTail(logPath))
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("azurite was not ready after %s:\n%s", startTimeout, logTail(logPath))
		}
	}
}

// Attrs are the attributes of a cache below a prefix, but for its name.
func (a *Azurite) Attrs(prefix string) map[string]string {
	return map[string]string{
		"account_url": a.URL, "account_name": a.Account, "secret_access_key": a.Key, "container": a.Container, "prefix": prefix,
	}
}

// Remove drops all blobs whose names begin with a prefix, and returns how many
// there were.
func (a *Azurite) Remove(ctx context.Context, prefix string) (int, error) {
	n := 0
	pages := a.client.NewListBlobsFlatPager(a.Container, &azblob.ListBlobsFlatOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, err
		}
		for _, b := range page.Segment.BlobItems {
			if _, err := a.client.DeleteBlob(ctx, a.Container, *b.Name, nil); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
