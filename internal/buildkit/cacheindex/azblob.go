package cacheindex

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"golang.org/x/sync/errgroup"
)

// readAzblob reads the index of a cache in an Azure storage account. BuildKit takes
// results from the indexes of all names of a cache.
func readAzblob(ctx context.Context, attrs map[string]string) (*Index, error) {
	secret := attrs["secret_access_key"]
	client, err := azblobClient(attrs)
	if err != nil {
		return nil, scrub(err, secret)
	}
	keys := azblobIndexKeys(attrs)
	texts := make([][]byte, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	for i, key := range keys {
		group.Go(func() (err error) {
			texts[i], err = azblobText(ctx, client, azblobContainer(attrs), key)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, scrub(fmt.Errorf("asking for the index: %w", err), secret)
	}
	return parseAll(texts)
}

// azblobText reads one blob, nil if there is none.
func azblobText(ctx context.Context, client *azblob.Client, container, key string) ([]byte, error) {
	blob, err := client.DownloadStream(ctx, container, key, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ContainerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer blob.Body.Close()
	return readAll(blob.Body)
}

// azblobIndexKeys are the blobs of the indexes, in the order of the names.
func azblobIndexKeys(attrs map[string]string) []string {
	folder, ok := attrs["manifests_prefix"]
	if !ok {
		folder = "manifests"
	}
	names, ok := attrs["name"]
	if !ok {
		names = "buildkit"
	}
	var keys []string
	for name := range strings.SplitSeq(names, ";") {
		keys = append(keys, path.Join(attrs["prefix"], folder, name))
	}
	return keys
}

func azblobContainer(attrs map[string]string) string {
	if c, ok := attrs["container"]; ok {
		return c
	}
	return "buildkit-cache"
}

// azblobClient is a client that signs with the account's key. Without one the daemon
// signs in with an identity of where it runs, which is not known here.
func azblobClient(attrs map[string]string) (*azblob.Client, error) {
	address := attrs["account_url"]
	if address == "" {
		return nil, errors.New("the cache has no account_url")
	}
	if attrs["secret_access_key"] == "" {
		return nil, errors.New("the cache's credentials are known to the daemon alone")
	}
	account, ok := attrs["account_name"]
	if !ok {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("reading account_url: %w", err)
		}
		account, _, _ = strings.Cut(u.Hostname(), ".")
	}
	key, err := azblob.NewSharedKeyCredential(account, attrs["secret_access_key"])
	if err != nil {
		return nil, fmt.Errorf("reading secret_access_key: %w", err)
	}
	return azblob.NewClientWithSharedKeyCredential(address, key, nil)
}
