# probe: asks an ATA disk one question at a time, and tells the answers over COM1.
#
# A 32-bit multiboot program: it needs no BIOS, no memory but 2 MiB, and no interrupt. A command is a
# letter, a sector in hexadecimal, and a carriage return:
#
#   r5        reads sector 5 by PIO           "= <sum> <text>", then the status
#   w5 text   writes text, padded by zeroes   the status
#   g5        as r, by bus-master DMA
#   p5 text   as w, by bus-master DMA
#   m20       writes 20 (32) pieces of 64 KiB by DMA, one after the other from sector 0 on; the first
#             word of each is its number
#   f         FLUSH CACHE
#   i         IDENTIFY: words 82 and 85       "= <85><82>", then the status
#
# Every command ends in "st=XX er=XX", the drive's status and error registers. The sum rotates left by
# five bits and adds the next 32-bit word, 128 times, so that no two sectors of a test look alike.

        .code32
        .text
        .globl  _start

        .set    BUFFER, 0x110000        # one sector
        .set    LINE,   0x111000        # the command
        .set    PRD,    0x112000        # the one entry of the bus master's table
        .set    PIECE,  0x120000        # 64 KiB
        .set    LINE_MAX, 600

        .set    ATA_DATA,   0x1f0
        .set    ATA_ERROR,  0x1f1
        .set    ATA_COUNT,  0x1f2
        .set    ATA_DEVICE, 0x1f6
        .set    ATA_STATUS, 0x1f7
        .set    BUS_MASTER, 0xb400      # where v86 puts it
        .set    COM1,       0x3f8
        .set    COM1_LINE,  0x3fd

_start:
header: .long   0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
        .long   header, _start, 0, PRD + 0x1000, entry

entry:  cli
        cld
        movl    $0x1f0000, %esp
        movl    $banner, %esi
        call    puts

main:   movl    $prompt, %esi
        call    puts
        movl    $LINE, %edi
1:      call    getc
        cmpb    $'\r', %al
        je      2f
        stosb
        call    putc
        cmpl    $LINE + LINE_MAX, %edi
        jb      1b
2:      movb    $0, (%edi)
        movl    $newline, %esi
        call    puts
        movl    $LINE, %esi
        lodsb
        cmpb    $'r', %al
        je      read
        cmpb    $'w', %al
        je      write
        cmpb    $'g', %al
        je      get
        cmpb    $'p', %al
        je      put
        cmpb    $'m', %al
        je      many
        cmpb    $'f', %al
        je      flush
        cmpb    $'i', %al
        je      identify
        jmp     main

flush:  movb    $0xe7, %bl
        xorl    %edx, %edx
        call    command
        call    settle
        jmp     status

identify:
        movb    $0xec, %bl
        xorl    %edx, %edx
        call    command
        call    settle
        jc      status
        call    take
        movl    $equals, %esi
        call    puts
        movw    BUFFER + 2*85, %bx
        shll    $16, %ebx
        movw    BUFFER + 2*82, %bx
        movl    $8, %ecx
        call    hex
        movl    $newline, %esi
        call    puts
        jmp     status

read:   call    number
        movb    $0x20, %bl
        call    command
        call    settle
        jc      status
        call    take
show:   movl    $equals, %esi
        call    puts
        movl    $BUFFER, %esi
        movl    $128, %ecx
        xorl    %ebx, %ebx
1:      lodsl
        roll    $5, %ebx
        addl    %eax, %ebx
        loop    1b
        movl    $8, %ecx
        call    hex
        movb    $' ', %al
        call    putc
        movb    $0, BUFFER + 64
        movl    $BUFFER, %esi
        call    puts
        movl    $newline, %esi
        call    puts
        jmp     status

write:  call    number
        call    fill
        movb    $0x30, %bl
        call    command
        call    settle
        jc      status
        movl    $BUFFER, %esi
        movl    $256, %ecx
        movw    $ATA_DATA, %dx
        rep outsw
        call    settle                  # a drive may be busy with what it was given
        jmp     status

get:    call    number
        movb    $0xc8, %bl
        movb    $8, %bh                 # from the disk to memory
        call    dma
        jc      status
        jmp     show

put:    call    number
        call    fill
        movb    $0xca, %bl
        movb    $0, %bh
        call    dma
        jmp     status

many:   call    number
        movl    %edx, %ebp
        xorl    %edi, %edi
        movb    $128, count
1:      cmpl    %ebp, %edi
        jae     2f
        movl    %edi, PIECE
        movl    $PIECE, PRD
        movl    $0x80000000, PRD + 4    # no bytes are 64 KiB
        movl    %edi, %edx
        shll    $7, %edx
        movb    $0xca, %bl
        movb    $0, %bh
        call    move
        jc      2f
        incl    %edi
        jmp     1b
2:      movb    $1, count
        jmp     status

status: movl    $st, %esi
        call    puts
        movw    $ATA_STATUS, %dx
        inb     %dx, %al
        call    hex8
        movl    $er, %esi
        call    puts
        movw    $ATA_ERROR, %dx
        inb     %dx, %al
        call    hex8
        movl    $newline, %esi
        call    puts
        jmp     main

# One sector by DMA: EDX = sector, BL = command, BH = direction. CF on an error.
dma:    movl    $BUFFER, PRD
        movl    $0x80000200, PRD + 4    # 512 bytes, and the last entry
# The same for what the table says.
move:   pushl   %edx
        movw    $BUS_MASTER + 4, %dx
        movl    $PRD, %eax
        outl    %eax, %dx
        popl    %edx
        call    command
        movw    $BUS_MASTER, %dx
        movb    %bh, %al
        orb     $1, %al
        outb    %al, %dx
        movw    $ATA_STATUS, %dx
1:      inb     %dx, %al
        cmpb    $0xff, %al              # v86's answer when the sector is past the end
        je      2f
        testb   $1, %al
        jnz     2f
        testb   $0x88, %al              # busy, or data still to be moved
        jz      2f
        pause
        jmp     1b
2:      movb    %al, %cl
        movw    $BUS_MASTER, %dx
        movb    $0, %al
        outb    %al, %dx
        testb   $1, %cl
        jnz     3f
        clc
        ret
3:      stc
        ret

# EDX = sector, BL = command, for `count` sectors of the first drive.
command:
        movl    %edx, %ecx
        movw    $ATA_DEVICE, %dx
        movl    %ecx, %eax
        shrl    $24, %eax
        andb    $0x0f, %al
        orb     $0xe0, %al
        outb    %al, %dx
        movw    $ATA_COUNT, %dx
        movb    count, %al
        outb    %al, %dx
        movl    %ecx, %eax
        incl    %edx
        outb    %al, %dx
        shrl    $8, %eax
        incl    %edx
        outb    %al, %dx
        shrl    $8, %eax
        incl    %edx
        outb    %al, %dx
        movw    $ATA_STATUS, %dx
        movb    %bl, %al
        outb    %al, %dx
        ret

# Waits until the drive is not busy. CF on an error.
settle: movw    $ATA_STATUS, %dx
1:      inb     %dx, %al
        cmpb    $0xff, %al
        je      3f
        testb   $0x80, %al
        jz      2f
        pause
        jmp     1b
2:      testb   $1, %al
        jnz     3f
        clc
        ret
3:      stc
        ret

# The drive's sector to BUFFER.
take:   movl    $BUFFER, %edi
        movl    $256, %ecx
        movw    $ATA_DATA, %dx
        rep insw
        ret

# The text behind the number at ESI to BUFFER. Keeps EDX.
fill:   cmpb    $' ', (%esi)
        jne     1f
        incl    %esi
1:      movl    $BUFFER, %edi
        movl    $512, %ecx
2:      movb    (%esi), %al
        testb   %al, %al
        jz      3f
        incl    %esi
3:      stosb
        loop    2b
        ret

# Hexadecimal digits at ESI to EDX.
number: xorl    %edx, %edx
1:      movb    (%esi), %al
        subb    $'0', %al
        cmpb    $9, %al
        jbe     2f
        orb     $0x20, %al
        subb    $0x27, %al
        cmpb    $10, %al
        jb      3f
        cmpb    $15, %al
        ja      3f
2:      movzbl  %al, %eax
        shll    $4, %edx
        orl     %eax, %edx
        incl    %esi
        jmp     1b
3:      ret

# AL, or ECX digits from the top of EBX, to COM1.
hex8:   movzbl  %al, %ebx
        shll    $24, %ebx
        movl    $2, %ecx
hex:    roll    $4, %ebx
        movb    %bl, %al
        andb    $15, %al
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     1f
        addb    $39, %al
1:      call    putc
        loop    hex
        ret

puts:   lodsb
        testb   %al, %al
        jz      1f
        call    putc
        jmp     puts
1:      ret

putc:   pushl   %edx
        movb    %al, %ah
        movw    $COM1_LINE, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movw    $COM1, %dx
        movb    %ah, %al
        outb    %al, %dx
        popl    %edx
        ret

getc:   movw    $COM1_LINE, %dx
1:      inb     %dx, %al
        testb   $1, %al
        jnz     2f
        pause
        jmp     1b
2:      movw    $COM1, %dx
        inb     %dx, %al
        ret

banner: .asciz  "probe\n"
prompt: .asciz  "> "
newline:.asciz  "\n"
equals: .asciz  "= "
st:     .asciz  "st="
er:     .asciz  " er="
count:  .byte   1
