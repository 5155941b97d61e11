// Sends a message with the client generated from openapi.json, and reads it back.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"example.com/chat"
)

func main() {
	if err := run(os.Getenv("GATEWAY_URL"), os.Getenv("PLAYER_TOKEN")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(url, token string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	configuration := chat.NewConfiguration()
	configuration.Servers = chat.ServerConfigurations{{URL: url}}
	configuration.AddDefaultHeader("Authorization", "Bearer "+token)
	client := chat.NewAPIClient(configuration)

	request := chat.NewSendRequest("My sword is gone", "player-7", chat.SENDERTYPE_PLAYER)
	accepted, _, err := client.MessagesAPI.Send(ctx).SendRequest(*request).Execute()
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	// A message is persisted some time after it is accepted.
	var after int64
	for {
		page, _, err := client.ConversationsAPI.Conversation(ctx, "player-7").After(after).Execute()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		for _, message := range page.GetMessages() {
			if message.GetMessageId() != accepted.GetMessageId() {
				continue
			}
			if message.GetContent() != "My sword is gone" || message.GetSenderType() != chat.SENDERTYPE_PLAYER {
				return fmt.Errorf("the history has another message: %+v", message)
			}
			session := page.GetSession()
			fmt.Println("sent, and read in a session that is", session.GetStatus())
			return nil
		}
		after = page.GetLastSeq()
		time.Sleep(50 * time.Millisecond)
	}
}
