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

	"github.com/layercause/layercause/internal/history"
)

// plain says what went wrong without the client's own words, which may hold the
// service's answer and addresses that open an entry to everybody.
func plain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var answer actionscache.HTTPError
	var storage *azcore.ResponseError
	var transport *url.Error
	switch {
	case errors.As(err, &answer):
		return plainStatus(answer.StatusCode, answer.Error())
	case errors.As(err, &storage):
		return fmt.Errorf("the service's storage answered with status %d", storage.StatusCode)
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return errors.New("the service did not answer in time")
	case errors.As(err, &transport):
		return fmt.Errorf("the service could not be reached: %w", transport.Err)
	}
	return errors.New("the service's answer could not be understood")
}

func plainStatus(status int, text string) error {
	text = strings.ToLower(text)
	switch {
	// Both versions say so: "Cache storage quota has been hit".
	case strings.Contains(text, "quota"):
		return errors.New("the cache is full")
	case status == http.StatusTooManyRequests:
		return errors.New("the service is asked too often (status 429)")
	case status == http.StatusForbidden && strings.Contains(text, "write denied"):
		return history.ErrReadOnly
	case status == http.StatusForbidden && strings.Contains(text, "read denied"):
		return ErrClosed
	}
	return fmt.Errorf("the service answered with status %d", status)
}
