# notebook: a boot sector that keeps notes on the disk it was booted from, through the BIOS.
#
# What is typed, on the keyboard or over COM1, is one note a line; an empty line lists them all. What
# it says goes to the screen and to COM1. The disk:
#
#   sector 0      this program
#   sector 1      the number of notes, in its first two bytes
#   sector 2 + n  note n: its text, and zeroes
#
# A note is written before the number is: when the machine stops between the two, the note is not
# there, and the next one takes its place.

        .code16
        .text
        .globl  _start

        .set    count,  0x7e00          # the number of notes
        .set    buffer, 0x8000          # one sector
        .set    NOTE_MAX, 500

_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        cld
        movb    %dl, drive

list:   movw    $banner, %si
        call    puts
        movw    $1, sector
        movb    $0x42, %ah
        call    disk
        movw    buffer, %cx
        movw    %cx, count
        xorw    %bx, %bx
1:      cmpw    count, %bx
        jae     ask
        leaw    2(%bx), %ax
        movw    %ax, sector
        pushw   %bx
        movb    $0x42, %ah
        call    disk
        movw    $bullet, %si
        call    puts
        movw    $buffer, %si
        call    puts
        movw    $newline, %si
        call    puts
        popw    %bx
        incw    %bx
        jmp     1b

ask:    movw    $prompt, %si
        call    puts
        movw    $buffer, %di
1:      call    getc
        cmpb    $'\r', %al
        je      2f
        cmpb    $'\n', %al
        je      2f
        cmpw    $buffer + NOTE_MAX, %di
        jae     1b
        stosb
        call    putc
        jmp     1b
2:      movw    $buffer + 512, %cx      # zeroes to the sector's end
        subw    %di, %cx
        xorb    %al, %al
        rep stosb
        movw    $newline, %si
        call    puts
        cmpb    $0, buffer
        je      list

        movw    count, %ax              # the note
        addw    $2, %ax
        movw    %ax, sector
        movb    $0x43, %ah
        call    disk
        jc      ask
        incw    count                   # then the number
        movw    count, %ax
        movw    %ax, buffer
        movw    $1, sector
        movb    $0x43, %ah
        call    disk
        jnc     3f
        decw    count
        jmp     ask
3:      movw    $saved, %si
        call    puts
        jmp     ask

# AH = 0x42 reads, 0x43 writes one sector at `sector`, from or to `buffer`. CF on an error.
disk:   movw    $packet, %si
        movw    $1, packet + 2          # after an error the BIOS leaves there how many were moved
        movb    drive, %dl
        movb    $0, %al
        int     $0x13
        jnc     1f
        movw    $error, %si
        call    puts
        stc
1:      ret

puts:   lodsb
        testb   %al, %al
        jz      1f
        call    putc
        jmp     puts
1:      ret

putc:   pusha
        movb    $0x0e, %ah
        movw    $7, %bx
        pushw   %ax
        int     $0x10
        movw    $0x3fd, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        popw    %ax
        movb    $0xf8, %dl
        outb    %al, %dx
        popa
        ret

getc:   movw    $0x3fd, %dx
        inb     %dx, %al
        testb   $1, %al
        jz      1f
        movb    $0xf8, %dl
        inb     %dx, %al
        ret
1:      movb    $1, %ah
        int     $0x16
        jnz     2f
        hlt                             # until the next tick or key
        jmp     getc
2:      movb    $0, %ah
        int     $0x16
        ret

banner: .asciz  "NOTEBOOK\r\n"
bullet: .asciz  "* "
newline:.asciz  "\r\n"
prompt: .asciz  "> "
saved:  .asciz  "saved\r\n"
error:  .asciz  "DISK ERROR\r\n"
        .balign 4
packet: .byte   16, 0
        .word   1
        .word   buffer, 0
sector: .word   0, 0, 0, 0
drive:  .byte   0
        .org    446                     # no partition
        .org    510
        .word   0xaa55
