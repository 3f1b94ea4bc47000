package actionscache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	actionscache "github.com/tonistiigi/go-actions-cache"
)

// plain says what went wrong without the client's own words, which may hold the
// service's answer and addresses that open an entry to everybody. Denied is what a
// refusal of the question means.
func plain(ctx context.Context, err, denied error) error {
	if err == nil {
		return nil
	}
	var answer actionscache.HTTPError
	var storage *azcore.ResponseError
	var transport *url.Error
	switch {
	case errors.As(err, &answer):
		return plainStatus(answer.StatusCode, answer.Error(), denied)
	case errors.As(err, &storage):
		return fmt.Errorf("the service's storage answered with status %d", storage.StatusCode)
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return errors.New("the service did not answer in time")
	case errors.As(err, &transport):
		return fmt.Errorf("the service could not be reached: %w", transport.Err)
	}
	// The client's words where version 2 answers "ok": false, with a reason that it drops.
	if strings.Contains(err.Error(), "failed to reserve cache") {
		return errors.New("the service refused to take it")
	}
	return errors.New("the service's answer could not be understood")
}

func plainStatus(status int, text string, denied error) error {
	text = strings.ToLower(text)
	switch {
	// "Cache storage quota has been hit"
	case strings.Contains(text, "quota"):
		return errors.New("the cache is full")
	case status == http.StatusTooManyRequests:
		return errors.New("the service is asked too often (status 429)")
	// Version 1 says "cache write denied: …"; of version 2 the client keeps the code
	// alone, which is permission_denied.
	case status == http.StatusForbidden && strings.Contains(text, "denied"):
		return denied
	}
	return fmt.Errorf("the service answered with status %d", status)
}
